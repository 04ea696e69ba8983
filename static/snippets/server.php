<?php
// PHP 8 with curl. Your server holds the player's Login JWT and asks zdbridge itself.
// The widget on your page asks your server: put the address of this file into its
// snippet.
declare(strict_types=1);

const TOKEN_URL = "@token_url@";

function refuse(int $status, string $code, string $reason, string $description): never
{
    http_response_code($status);
    echo json_encode(compact("code", "reason", "description"));
    exit;
}

session_start();
header("Content-Type: application/json");
header("Cache-Control: no-store");

// Yours: where your server keeps the player's Login JWT.
$loginJwt = $_SESSION["login_jwt"] ?? "";
if ($loginJwt === "") {
    refuse(401, "00-00", "not_passed", "No player is signed in.");
}

$request = curl_init(TOKEN_URL);
curl_setopt_array($request, [
    CURLOPT_HTTPHEADER => ["Authorization: Bearer " . $loginJwt],
    CURLOPT_RETURNTRANSFER => true,
    CURLOPT_TIMEOUT => 5,
]);
$body = curl_exec($request);
if ($body === false) {
    error_log("zdbridge did not answer: " . curl_error($request));
    refuse(503, "away", "away", "Try again in a minute.");
}
http_response_code(curl_getinfo($request, CURLINFO_RESPONSE_CODE));
echo $body;
