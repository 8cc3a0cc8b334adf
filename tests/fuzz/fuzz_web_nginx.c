/* What `nginx -T` prints.
 * Own files: src/admin/web_nginx.c */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "admin/web_nginx.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Each has a word and a file, of the text; only a block has something in it,
 * and its last one is the last. */
static void
check(const struct web_nginx *node, const char *text, size_t len)
{
	const struct web_nginx *child;
	size_t i;

	assert(node->count > 0 && node->words != NULL);
	for (i = 0; i < node->count; i++)
		assert(node->words[i] != NULL);
	assert(node->file > text && node->file < text + len);
	assert(node->first == NULL || node->is_block);
	for (child = node->first; child != NULL; child = child->next) {
		assert(child->next != NULL || child == node->last);
		check(child, text, len);
	}
	(void)web_nginx_takes_all(node);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error error = { "" };
	struct web_nginx *root, *node;
	char *text = malloc(size + 1);

	if (text == NULL)
		return 0;
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	root = web_nginx_read(text, size, &error);
	assert((root == NULL) == (error.text[0] != '\0'));
	if (root != NULL)
		for (node = root->first; node != NULL; node = node->next)
			check(node, text, size);
	web_nginx_free(root);
	free(text);
	return 0;
}
