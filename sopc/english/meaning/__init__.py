"""Programs of one sentence, made in several ways → whether they mean the same, and what is delivered or asked."""
