import ChatProvidersSDK
import Foundation

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

// The Chat SDK calls getToken when it connects and again during a chat.
final class BridgeAuthenticator: NSObject, JWTAuthenticator {
    private let currentLoginJWT: () -> String

    init(currentLoginJWT: @escaping () -> String) {
        self.currentLoginJWT = currentLoginJWT
    }

    func getToken(_ completion: @escaping (String?, Error?) -> Void) {
        let loginJWT = currentLoginJWT()
        Task {
            do {
                completion(try await fetchZendeskJWT(loginJWT: loginJWT), nil)
            } catch {
                completion(nil, error)
            }
        }
    }
}

// Call this once the player has signed in, and after the Chat SDK is initialized.
func signInToSupport(currentLoginJWT: @escaping () -> String) {
    let authenticator = BridgeAuthenticator(currentLoginJWT: currentLoginJWT)
    Chat.instance?.setIdentity(authenticator: authenticator)
}
