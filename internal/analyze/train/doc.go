// Package train makes the models of package models from labelled files.
//
// It owns what each model learns from, how it is fitted, calibrated and measured, and our own lists of words that praise
// and blame. It does not know how a text is taken apart (package models does, for training and use alike) and ships no
// labelled text: the data directory is the operator's.
//
// The promise it keeps: the same data and program give the same bytes on the same kind of processor, and every figure it
// prints is of texts that the model which is measured has not learnt from.
//
// Models of many posts are fitted by AdaGrad (Duchi, Hazan, Singer 2011) in a few passes, because stopping early
// measured two points better than the optimum; models of few posts by L-BFGS (Liu, Nocedal 1989) with a squared
// penalty. Classes weigh the same however many posts they have. Probabilities are calibrated by vector scaling and one
// temperature (Guo et al. 2017).
package train
