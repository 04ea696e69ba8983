<?php
// PHP 8 with curl. Your server holds the player's Login JWT and asks zdbridge itself.
// The widget on your page then asks your server: put the address of this file into its snippet.
declare(strict_types=1);

const TOKEN_URL = "@token_url@";

session_start();
header("Content-Type: application/json");
header("Cache-Control: no-store");

// Yours: where your server keeps the player's Login JWT.
$loginJwt = $_SESSION["login_jwt"] ?? "";
if ($loginJwt === "") {
    http_response_code(401);
    echo json_encode(["code" => "00-00", "reason" => "not_passed", "description" => "No player is signed in."]);
    exit;
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
    http_response_code(503);
    echo json_encode(["code" => "away", "reason" => "away", "description" => "Try again in a minute."]);
    exit;
}
http_response_code(curl_getinfo($request, CURLINFO_RESPONSE_CODE));
echo $body;
