// Package deploy holds the files that come with the program and that an operator may replace. It owns their embedding,
// not their meaning: each is read and checked by the package it configures.
package deploy

import _ "embed" // the files below

// Concerns is the concern taxonomy for healthcare.
//
//go:embed concerns.yaml
var Concerns []byte
