package analyze

// modelScratch is what the trained models write on while they look at one document.
type modelScratch struct{}
