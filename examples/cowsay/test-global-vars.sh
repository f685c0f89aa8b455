#!/bin/sh
# Shows what the call gives to the container: scar run -e TEST1=45 -e TEST2=69 -s test-global-vars.sh NAME
echo "TEST1 is $TEST1"
echo "TEST2 is $TEST2"
echo "REQUEST_ID is $REQUEST_ID"
