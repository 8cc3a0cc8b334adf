#ifndef WORD_LIST_H_
#define WORD_LIST_H_

#include <stddef.h>

/* An ordered list of strings; {0} is an empty one.  Threads: one at a time. */
struct word_list {
	char **words;		/* owned */
	size_t count;
};

/* Frees everything and leaves an empty list. */
void word_list_clear(struct word_list *list);

/* Append a copy of `len` bytes (no NUL inside).  0, or -1 (memory). */
int word_list_add(struct word_list *list, const char *word, size_t len);

/*
 * Split at each of the bytes of `separators`; empty words are dropped,
 * blanks around words too.  Adds to the list.  0, or -1 (memory).
 */
int word_list_split(struct word_list *list, const char *text,
    const char *separators);

/* A copy; *to is written over.  0, or -1 (memory) and *to empty. */
int word_list_copy(struct word_list *to, const struct word_list *from);

/* 1 if the word is there, byte for byte. */
int word_list_has(const struct word_list *list, const char *word);

/* 1 if at least one word is in both. */
int word_list_meets(const struct word_list *a, const struct word_list *b);

/* 1 if every word of `part` is in `whole` (an empty part: 1). */
int word_list_covers(const struct word_list *whole,
    const struct word_list *part);

#endif /* !WORD_LIST_H_ */
