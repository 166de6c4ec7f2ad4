// Package privacy finds personal identifiers in texts, replaces them, and turns authors into pseudonyms.
//
// It owns the kinds of identifier, their check digits, the context words that tell an identifier from an order number,
// and the key that pseudonyms are made with. It does not decide which posts are kept, and it stores nothing but the key.
//
// A Redactor looks for identifiers of the United Kingdom, Germany and Finland and for generic ones. What carries a check
// digit or an unmistakable shape is found anywhere; what could as well be an order number (ten digits, a date, a
// postcode) needs a word or a spacing that says what it is; a person's name needs a title, a role, a relation, or a
// clinical text around it. A found identifier is replaced by its kind in brackets, "[nhs number]", so that the reader
// still sees what stood there. Names of organisations, places, published helplines and allow-listed handles stay.
//
// Texts are read as people write them: full-width digits, zero-width characters, typographic dashes and non-breaking
// spaces are seen through. Spans count code points of the original text.
//
// The promise: a value that was found is in no result of this package, and no value is ever logged. What is not found is
// the limit of the method: it knows words and shapes, not meaning.
package privacy
