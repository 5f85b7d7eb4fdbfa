#!/bin/sh
# Makes the certificates of the tests: one authority, and hosts that it vouches for. The authority's key is thrown away.
# expired.pem is past its dates for ever; the others hold until 2119.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
: > "$work/index"
echo 01 > "$work/serial"
cat > "$work/config" <<END
[ca]
default_ca = ours
[ours]
dir = $work
new_certs_dir = $work
database = $work/index
serial = $work/serial
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
[req]
distinguished_name = name
prompt = no
[name]
CN = Test Authority
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
END
key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1" 2> /dev/null; }
sign() { # extensions, from, until, request, result, more
    openssl ca -batch -notext -config "$work/config" -extensions "$1" -startdate "$2" -enddate "$3" -in "$4" -out "$5" \
        -keyfile "$work/authority.key" $6 2> /dev/null
}
key "$work/authority.key"
openssl req -new -config "$work/config" -key "$work/authority.key" -out "$work/authority.csr"
sign authority 20200101000000Z 21200101000000Z "$work/authority.csr" authority.pem -selfsign
host() { # file, name, until
    key "$1.key"
    printf '[%s]\nsubjectAltName = DNS:%s\nbasicConstraints = CA:FALSE\nextendedKeyUsage = serverAuth\n' "$1" "$2" >> "$work/config"
    openssl req -new -config "$work/config" -subj "/CN=$2" -key "$1.key" -out "$work/$1.csr"
    sign "$1" 20200102000000Z "$3" "$work/$1.csr" "$work/$1.pem" "-cert authority.pem"
    cat "$work/$1.pem" authority.pem > "$1.pem"
}
host mx mx.b.test 21190101000000Z
host policy mta-sts.b.test 21190101000000Z
host other elsewhere.test 21190101000000Z
host expired mx.b.test 20210101000000Z
# What a zone says of them: file, selector, matching type, data.
for file in authority mx other; do
    whole() { openssl x509 -in "$file.pem" -outform DER; }
    public() { openssl x509 -in "$file.pem" -noout -pubkey | openssl pkey -pubin -outform DER; }
    hex() { od -An -v -tx1 | tr -d ' \n'; }
    for digest in 1:-sha256 2:-sha512; do
        echo "$file 0 ${digest%%:*} $(whole | openssl dgst -binary ${digest#*:} | hex)"
        echo "$file 1 ${digest%%:*} $(public | openssl dgst -binary ${digest#*:} | hex)"
    done
    echo "$file 0 0 $(whole | hex)"
    echo "$file 1 0 $(public | hex)"
done > tlsa.txt
