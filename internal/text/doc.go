// Package text reads human text for the stages: it finds words, folds them for comparison, stems them and turns mark-up
// into plain text.
//
// It owns what a word is (Scanner), when two spellings count as the same (Fold, FoldLong), which inflected forms belong
// together (Stem) and what of a web page a person would read (FromHTML). It knows no query, no language detection and no
// judgement, keeps no state and imports nothing of ours.
//
// The promise it keeps: no input makes it fail or panic. Invalid UTF-8 is a separator, unknown scripts pass through
// unchanged, broken mark-up gives the text that can be read.
//
// # Folding
//
// Fold lowers case and removes accents: "Krankenhäuser", "KRANKENHAUSER" and a decomposed "Krankenha\u0308user" all give
// "krankenhauser"; ß gives ss, æ ae, œ oe, ø o, ł l. Two languages need more than that:
//
//   - German also spells ä, ö, ü as ae, oe, ue where a keyboard has no umlauts. Folding every "ae" to "a" would make "neue"
//     equal "neu" and "Steuer" equal "Steur", so Fold leaves them alone, and FoldLong gives the long spelling
//     ("krankenhaeuser"). Who looks for a word with an umlaut looks for both forms.
//   - Finnish ä and ö are letters of their own: "sää" (weather) and "saa" (gets) fold alike. People do write Finnish without
//     the dots, so matching accepts that; whoever needs the difference compares the unfolded text.
package text
