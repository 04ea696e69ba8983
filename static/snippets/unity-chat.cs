using System;
using System.Threading.Tasks;
using UnityEngine;
using UnityEngine.Networking;

// Call it on the main thread, every time the chat asks for a token: each is good for
// a few minutes.
public static class SupportChat
{
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
}
