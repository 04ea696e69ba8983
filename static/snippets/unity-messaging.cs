using System;
using System.Threading.Tasks;
using UnityEngine;
using UnityEngine.Networking;

// Call its functions on the main thread. Add the using line of Zendesk's SDK for
// Unity, as its own guide says.
public static class SupportChat
{
    private static int turn;

    [Serializable]
    private class Answer
    {
        public string token;
        public string code;
        public string reason;
        public string description;
    }

    private const string TokenUrl = "@token_url@";

    // loginJwt is the token of the signed-in player, as the Login SDK gives it to you.
    public static async Task<string> FetchZendeskJwt(string loginJwt)
    {
        using var request = UnityWebRequest.Get(TokenUrl);
        request.timeout = 5;
        request.SetRequestHeader("Authorization", "Bearer " + loginJwt);
        var operation = request.SendWebRequest();
        while (!operation.isDone) await Task.Yield();
        if (request.result == UnityWebRequest.Result.ConnectionError)
        {
            throw new Exception(request.error);
        }
        var answer = JsonUtility.FromJson<Answer>(request.downloadHandler.text);
        if (request.responseCode != 200)
        {
            throw new Exception($"{answer.code} {answer.reason}: {answer.description}");
        }
        return answer.token;
    }

    // Call this once the player has signed in, and after Zendesk's SDK is initialized.
    public static async Task SignIn(string loginJwt)
    {
        var mine = ++turn;
        var jwt = await FetchZendeskJwt(loginJwt);
        // A token that arrives after the player has signed out is dropped.
        if (mine != turn) return;
        var result = await ZendeskMessaging.Instance.LoginAsync(jwt);
        if (!result.IsSuccess) Debug.LogWarning("Zendesk refused the sign-in.");
    }

    // Call this when the player signs out, before another player signs in.
    public static void SignOut()
    {
        turn++;
        ZendeskMessaging.Instance.Logout();
    }
}
