import java.io.IOException
import java.net.HttpURLConnection
import java.net.URL
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.withContext
import org.json.JSONObject
import zendesk.android.Zendesk

private const val TOKEN_URL = "@token_url@"

// What zdbridge says when it refuses: a stable code, a finer reason, and what to do.
class BridgeRefusal(
    val code: String,
    val reason: String,
    description: String,
) : IOException(description)

// loginJwt is the token of the signed-in player, as the Login SDK gives it to you.
suspend fun fetchZendeskJwt(loginJwt: String): String = withContext(Dispatchers.IO) {
    val connection = URL(TOKEN_URL).openConnection() as HttpURLConnection
    try {
        connection.connectTimeout = 5_000
        connection.readTimeout = 5_000
        connection.useCaches = false
        connection.setRequestProperty("Authorization", "Bearer $loginJwt")
        val isGiven = connection.responseCode == HttpURLConnection.HTTP_OK
        val stream = if (isGiven) connection.inputStream else connection.errorStream
        val body = JSONObject(stream.bufferedReader().use { it.readText() })
        if (!isGiven) {
            throw BridgeRefusal(
                body.getString("code"),
                body.getString("reason"),
                body.getString("description"),
            )
        }
        body.getString("token")
    } finally {
        connection.disconnect()
    }
}

// Call its functions on the main thread.
class SupportChat {
    private var turn = 0

    // Call this once the player has signed in, and after Zendesk's SDK is initialized.
    suspend fun signIn(loginJwt: String) {
        val mine = ++turn
        val jwt = fetchZendeskJwt(loginJwt)
        // A token that arrives after the player has signed out is dropped.
        if (mine != turn) return
        Zendesk.instance.loginUser(
            jwt = jwt,
            successCallback = { },
            failureCallback = { error -> println("Zendesk refused the sign-in: $error") },
        )
    }

    // Call this when the player signs out, before another player signs in.
    fun signOut() {
        turn++
        Zendesk.instance.logoutUser(successCallback = { }, failureCallback = { })
    }
}
