"""The local cloud: what AWS does with a SCAR function, on the user's own machine.

One daemon (`server`) on loopback holds moto's server, which is the API of Lambda, S3, CloudWatch Logs, IAM,
STS and SQS, and the local Lambda, which runs the functions that moto only registers::

    boto3 -> moto -> hook -> service -> pool -> environment -> process -> sandbox_init -> awslambdaric
                                |                  |                                          |
                           event_queue         log_stream -> moto's logs                 runtime_api
                           destination         report, memory

What a function sees is AWS's, with these differences. Retries of asynchronous events wait seconds instead of
minutes (`settings`) and their age is not limited. All functions run on the Python that runs the daemon,
whatever their runtime says. /tmp is in the machine's memory. CPU does not shrink with the function's memory.
Processes are not frozen between calls. Policies of roles are not evaluated. Without bubblewrap more is
missing, see `unconfined`.

The rest of SCAR uses `scar.local.cloud` only.
"""
