// Package cleantext makes text from outside safe to draw: pod names, images,
// log lines, API errors, SSH banners, key comments.
//
// It is pure and imports nothing of podbay, so that every room may use it. A
// room cleans what it takes in before the text reaches an error, a log or a
// screen; the screens clean nothing.
package cleantext
