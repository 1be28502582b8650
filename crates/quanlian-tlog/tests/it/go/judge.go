// Judge of notes and cosignatures, by the note package of the format's author and by Go's own cryptography.
//
//	judge open VKEY FILE            verifies an Ed25519 note, prints its text
//	judge sign SECRET FILE          signs a text, prints the note
//	judge cosigned KIND KEY FILE    verifies a cosigned message: KIND ed25519 or mldsa44, KEY in base64,
//	                                FILE one line each: message and signature in base64
//	judge cosign SEED FILE          signs a message (base64) with ML-DSA-44, prints key and signature in base64
package main

import (
	"crypto"
	"crypto/ed25519"
	"crypto/mldsa"
	"encoding/base64"
	"fmt"
	"os"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

func must[T any](value T, err error) T {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return value
}

func decode(text string) []byte {
	return must(base64.StdEncoding.DecodeString(strings.TrimSpace(text)))
}

func main() {
	args := os.Args
	file := must(os.ReadFile(args[len(args)-1]))
	switch args[1] {
	case "open":
		verifier := must(note.NewVerifier(args[2]))
		fmt.Print(must(note.Open(file, note.VerifierList(verifier))).Text)
	case "sign":
		signer := must(note.NewSigner(args[2]))
		os.Stdout.Write(must(note.Sign(&note.Note{Text: string(file)}, signer)))
	case "cosigned":
		lines := strings.Split(string(file), "\n")
		message, signature := decode(lines[0]), decode(lines[1])
		good := false
		switch args[2] {
		case "ed25519":
			good = ed25519.Verify(decode(args[3]), message, signature)
		case "mldsa44":
			key := must(mldsa.NewPublicKey(mldsa.MLDSA44(), decode(args[3])))
			good = mldsa.Verify(key, message, signature, nil) == nil
		}
		if !good {
			fmt.Fprintln(os.Stderr, "wrong signature")
			os.Exit(1)
		}
	case "cosign":
		key := must(mldsa.NewPrivateKey(mldsa.MLDSA44(), decode(args[2])))
		signature := must(key.SignDeterministic(decode(string(file)), crypto.Hash(0)))
		encode := base64.StdEncoding.EncodeToString
		fmt.Println(encode(key.PublicKey().Bytes()))
		fmt.Println(encode(signature))
	}
}
