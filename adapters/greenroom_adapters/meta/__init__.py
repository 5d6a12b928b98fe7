"""What the platforms of Meta have in common: the Graph API's wire, its errors and limits, its webhooks and lists."""
