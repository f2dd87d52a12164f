#!/bin/sh
# Makes the development certificates of this site in certs/ (or in the directory named): one CA and what it signs.
set -eu
dir=${1:-$(dirname "$0")/certs}
mkdir -p "$dir"
cd "$dir"

key() { # key FILE ec|rsa
    case $2 in
        ec) openssl ecparam -name prime256v1 -genkey -noout -out "$1.key" ;;
        rsa) openssl genrsa -out "$1.key" 2048 ;;
    esac
}

signed() { # signed FILE KIND COMMON-NAME ALTERNATIVE-NAMES
    key "$1" "$2"
    openssl req -new -key "$1.key" -subj "/O=Example/CN=$3" -out "$1.csr"
    printf 'subjectAltName=%s\n' "$4" > "$1.ext"
    openssl x509 -req -in "$1.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days 30 -extfile "$1.ext" -out "$1.crt"
    rm "$1.csr" "$1.ext"
}

key ca ec
openssl req -x509 -new -key ca.key -subj "/O=Example/CN=Example development CA" -days 30 -out ca.crt
signed default ec default.example DNS:default.example
signed acme-ec ec acme.example 'DNS:acme.example,DNS:*.acme.example'
signed acme-rsa rsa acme.example 'DNS:acme.example,DNS:*.acme.example'
signed hosting ec hosting.example 'DNS:*.free.hosting.example,DNS:*.pro.hosting.example'
signed globex ec globex.example 'DNS:globex.example,DNS:*.globex.example'
signed client ec "Ann Admin" email:ann@acme.example
