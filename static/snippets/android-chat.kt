import java.io.IOException
import java.net.HttpURLConnection
import java.net.URL
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import org.json.JSONObject
import zendesk.chat.Chat
import zendesk.chat.JwtAuthenticator

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

// Call this once the player has signed in, and after the Chat SDK is initialized.
// The SDK asks for a token when it connects and again during a chat.
fun signInToSupport(scope: CoroutineScope, currentLoginJwt: () -> String) {
    Chat.INSTANCE.setIdentity(
        JwtAuthenticator { completion ->
            scope.launch {
                try {
                    completion.onTokenLoaded(fetchZendeskJwt(currentLoginJwt()))
                } catch (error: IOException) {
                    println("The chat stays anonymous: $error")
                    completion.onError()
                }
            }
        },
    )
}
