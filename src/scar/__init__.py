"""SCAR on the user's machine: commands, what they do, AWS, the deployment package and the local cloud."""
