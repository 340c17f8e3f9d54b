"""The only home of pynamodb and boto3: one file per noun."""
