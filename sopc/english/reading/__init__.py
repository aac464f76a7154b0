"""A sentence → tokens → evidences of what each span may mean → readings → a logical form → a tree."""
