// Package bench measures the libraries that one would otherwise use beside our own code, on the same posts in the same
// run: sentiment, language, the search for many phrases, and the reading of feeds.
//
// It owns the invented posts and phrases, and the checks that all matchers find the same. It is a module of its own, so
// that nothing here is ever a dependency of the product, and it holds no code that the product uses.
//
// The promise it keeps: a ratio in its README compares the same work, and says so where it cannot.
package bench
