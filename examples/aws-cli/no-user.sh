#!/bin/sh
# Removes the user that new-key.sh made, with her keys.
set -e
for key in $(aws iam list-access-keys --user-name zoe --query 'AccessKeyMetadata[].AccessKeyId' --output text); do
    aws iam delete-access-key --user-name zoe --access-key-id "$key"
done
aws iam delete-user --user-name zoe
