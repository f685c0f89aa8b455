#!/bin/sh
# Makes a user of the local cloud and prints a key of hers. (On AWS no key should be printed: this would be in the log.)
set -e
aws iam create-user --user-name zoe > /dev/null
aws iam create-access-key --user-name zoe --output text --query 'AccessKey.[
    join(`=`, [`AWS_ACCESS_KEY_ID`, AccessKeyId]), join(`=`, [`AWS_SECRET_ACCESS_KEY`, SecretAccessKey])]'
