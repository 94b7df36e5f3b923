"""What a draft is priced on: quotes of products, and the check of a draft made while products was down."""
