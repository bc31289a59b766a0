package identity

// StopsLogin marks the error as a question to the user, in contrast to a key that
// cannot be used: a login stops at it instead of going on with the next key.
func (e *PassphraseError) StopsLogin() bool { return true }
