// The steps of the Login guide as a Go program with Debian's packaged libraries, to measure beside.
//
// Written for this benchmark from the guide's description: cookie "token", HMAC check with the Login secret, claims
// sub and email, an HS256 token for Zendesk with name, email, external_id and iat, one CORS origin with credentials.
//
// Build: GO111MODULE=off GOPATH=/usr/share/gocode go build -o peer_go main.go
package main

import (
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"time"

	jwt "github.com/dgrijalva/jwt-go"
	"github.com/rs/cors"
)

var loginSecret = []byte(os.Getenv("LOGIN_SECRET_KEY"))
var zendeskSecret = []byte(os.Getenv("ZENDESK_SHARED_SECRET"))

func refuse(w http.ResponseWriter, status int, code, description string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(map[string]string{"code": code, "description": description})
}

func loginKey(token *jwt.Token) (interface{}, error) {
	if _, isHMAC := token.Method.(*jwt.SigningMethodHMAC); !isHMAC {
		return nil, errors.New("not an HMAC token")
	}
	return loginSecret, nil
}

func generate(w http.ResponseWriter, r *http.Request) {
	cookie, err := r.Cookie("token")
	if err != nil {
		refuse(w, 401, "00-00", "Token not passed")
		return
	}
	token, err := jwt.Parse(cookie.Value, loginKey)
	if err != nil || !token.Valid {
		refuse(w, 401, "00-01", "Token is invalid")
		return
	}
	claims, _ := token.Claims.(jwt.MapClaims)
	userID, _ := claims["sub"].(string)
	if userID == "" {
		refuse(w, 422, "00-02", "No sub claim")
		return
	}
	email, _ := claims["email"].(string)
	if email == "" {
		refuse(w, 422, "00-03", "No email claim")
		return
	}
	signed, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"name": email, "email": email, "external_id": userID, "iat": time.Now().Unix(),
	}).SignedString(zendeskSecret)
	if err != nil {
		refuse(w, 500, "", "Signing failed")
		return
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(map[string]string{"token": signed})
}

func main() {
	handler := cors.New(cors.Options{
		AllowedOrigins:   []string{os.Getenv("ORIGIN")},
		AllowCredentials: true,
		AllowedHeaders:   []string{"*"},
	}).Handler(http.HandlerFunc(generate))
	panic(http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), handler))
}
