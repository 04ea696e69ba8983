import Foundation
import ZendeskSDK

// What zdbridge says when it refuses: a stable code, a finer reason, and what to do.
struct BridgeRefusal: Decodable, Error {
    let code: String
    let reason: String
    let description: String
}

private let tokenURL = URL(string: "@token_url@")!

private struct BridgeAnswer: Decodable {
    let token: String
}

// loginJWT is the token of the signed-in player, as the Login SDK gives it to you.
func fetchZendeskJWT(loginJWT: String) async throws -> String {
    var request = URLRequest(url: tokenURL)
    request.cachePolicy = .reloadIgnoringLocalCacheData
    request.setValue("Bearer \(loginJWT)", forHTTPHeaderField: "Authorization")
    let (body, response) = try await URLSession.shared.data(for: request)
    guard (response as? HTTPURLResponse)?.statusCode == 200 else {
        throw try JSONDecoder().decode(BridgeRefusal.self, from: body)
    }
    return try JSONDecoder().decode(BridgeAnswer.self, from: body).token
}

@MainActor
final class SupportChat {
    private var turn = 0

    // Call this once the player has signed in, and after Zendesk's SDK is initialized.
    func signIn(loginJWT: String) async throws {
        turn += 1
        let mine = turn
        let jwt = try await fetchZendeskJWT(loginJWT: loginJWT)
        // A token that arrives after the player has signed out is dropped.
        guard mine == turn else { return }
        Zendesk.instance?.loginUser(with: jwt) { result in
            if case .failure(let error) = result {
                print("Zendesk refused the sign-in:", error)
            }
        }
    }

    // Call this when the player signs out, before another player signs in.
    func signOut() {
        turn += 1
        Zendesk.instance?.logoutUser { _ in }
    }
}
