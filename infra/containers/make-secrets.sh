#!/bin/sh
# Makes the keys and tokens of one platform, in a folder of its own:
#   sh infra/containers/make-secrets.sh infra/containers/secrets
# secrets.env is for compose and for kustomize alike; the other files are mounted. Needs openssl.
# Never overwrites anything.
set -eu
folder=${1:?'say into which folder'}
for file in secrets.env response-signer.pem operator-assertion.pem redis.conf; do
  if [ -e "$folder/$file" ]; then
    echo "$folder/$file is there already; delete it to make new secrets, which ends what the old ones let in" >&2
    exit 1
  fi
done
random() { openssl rand -hex 32; }
# A caller of a listener, which gets the hash of its token alone: NAME TOKEN PERMISSIONS.
caller() {
  hash=$(printf %s "$2" | openssl dgst -sha256 -r | cut -c 1-64)
  printf '{"caller":"%s","token_sha256":["%s"],"permissions":["%s"]}' "$1" "$hash" "$(echo "$3" | sed 's/ /","/g')"
}

umask 077
mkdir -p "$folder"
chmod 700 "$folder"
postgres_password=$(random)
redis_password=$(random)
gateway=$(random)
lobby=$(random)
game_master=$(random)
console=$(random)
openssl genpkey -algorithm ed25519 -out "$folder/operator-assertion.pem"
operator_key=$(openssl pkey -in "$folder/operator-assertion.pem" -pubout -outform der | tail -c 32 | base64)
cat >"$folder/secrets.env" <<END
POSTGRES_PASSWORD=$postgres_password
POSTGRES_DSN=postgres://galaxy:$postgres_password@postgres:5432/galaxy
REDIS_PASSWORD=$redis_password
GATEWAY_TOKEN=$gateway
LOBBY_TOKEN=$lobby
GAME_MASTER_TOKEN=$game_master
CONSOLE_TOKEN=$console
BACKEND_HTTP_CALLERS=[$(caller gateway "$gateway" 'users.act users.sign_in sessions.use'),$(caller lobby "$lobby" users.eligibility)]
BACKEND_ADMIN_HTTP_CALLERS=[$(caller console "$console" 'operators.sign_in operators.act')]
BACKEND_PUSH_GRPC_CALLERS=[$(caller gateway "$gateway" events.read)]
LOBBY_PUBLIC_HTTP_CALLERS=[$(caller gateway "$gateway" users.act)]
LOBBY_INTERNAL_HTTP_CALLERS=[$(caller game-master "$game_master" games.play),$(caller console "$console" operators.act)]
GM_PUBLIC_HTTP_CALLERS=[$(caller gateway "$gateway" users.act)]
GM_HTTP_CALLERS=[$(caller lobby "$lobby" games.play),$(caller console "$console" operators.act)]
CODE_HMAC_KEY=$(random)
OPERATOR_KEYS=$operator_key
END
echo "requirepass $redis_password" >"$folder/redis.conf"
openssl genpkey -algorithm ed25519 -out "$folder/response-signer.pem"
# Containers run as users of their own and have to read these; the folder keeps others of this machine out.
chmod 444 "$folder/redis.conf" "$folder/response-signer.pem" "$folder/operator-assertion.pem"
echo "made $folder/secrets.env, redis.conf, response-signer.pem and operator-assertion.pem"
