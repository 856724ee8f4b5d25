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

umask 077
mkdir -p "$folder"
chmod 700 "$folder"
postgres_password=$(random)
redis_password=$(random)
openssl genpkey -algorithm ed25519 -out "$folder/operator-assertion.pem"
operator_key=$(openssl pkey -in "$folder/operator-assertion.pem" -pubout -outform der | tail -c 32 | base64)
cat >"$folder/secrets.env" <<END
POSTGRES_PASSWORD=$postgres_password
POSTGRES_DSN=postgres://galaxy:$postgres_password@postgres:5432/galaxy
REDIS_PASSWORD=$redis_password
SERVICE_TOKEN=$(random)
LOBBY_INTERNAL_TOKEN=$(random)
GAME_MASTER_TOKEN=$(random)
BACKEND_ADMIN_TOKEN=$(random)
CODE_HMAC_KEY=$(random)
OPERATOR_KEYS=$operator_key
END
echo "requirepass $redis_password" >"$folder/redis.conf"
openssl genpkey -algorithm ed25519 -out "$folder/response-signer.pem"
# Containers run as users of their own and have to read these; the folder keeps others of this machine out.
chmod 444 "$folder/redis.conf" "$folder/response-signer.pem" "$folder/operator-assertion.pem"
echo "made $folder/secrets.env, redis.conf, response-signer.pem and operator-assertion.pem"
