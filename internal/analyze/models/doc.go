// Package models holds the trained models and applies them to one text at a time: language, sentiment, themes of
// patients' comments, and abuse.
//
// It owns the tokens and features that the weights were trained on, the file format of a model, the weights that are
// part of the program (weights/*.model), and the reasons for a judgement. It does not train (see package train), does
// not decide what is shown (see package analyze), and keeps no text.
//
// The promise it keeps: the same text and weights give the same answer on every run, and every reason given is what
// the log-odds lose when its term is taken out.
//
// All models are linear over hashed n-grams of words and of characters, in the manner of Joulin et al., "Bag of tricks
// for efficient text classification" (2017), with eight-bit weights. That makes a score a sum over tokens, which is
// why reasons are exact and why the sums of frequent words can be remembered.
package models
