#include "admin/table.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "ground/json_scan.h"

#define DOTS 3			/* columns of "..." */

/* One character: its bytes and how wide a terminal shows it; -1: it is not to
 * be shown. */
struct glyph {
	int len;
	int width;
};

struct span {
	uint32_t first, last;
};

static int
is_among(uint32_t code, const struct span *spans, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (code >= spans[i].first && code <= spans[i].last)
			return 1;
	return 0;
}

/* Controls, what writes from right to left or is not seen. */
static int
is_odd(uint32_t code)
{
	static const struct span odd[] = { { 0, 0x1f }, { 0x7f, 0x9f },
	    { 0xad, 0xad }, { 0x61c, 0x61c }, { 0x200b, 0x200f },
	    { 0x2028, 0x202e }, { 0x2060, 0x206f }, { 0xfeff, 0xfeff },
	    { 0xfff9, 0xfffb }, { 0xe0000, 0xe007f } };

	return is_among(code, odd, sizeof(odd) / sizeof(odd[0]));
}

/* East Asian Width W and F (UAX 11), roughly: too wide shifts a column, too
 * narrow would break the line. */
static int
is_wide(uint32_t code)
{
	static const struct span wide[] = { { 0x1100, 0x115f },
	    { 0x2e80, 0xa4cf }, { 0xa960, 0xa97f }, { 0xac00, 0xd7a3 },
	    { 0xf900, 0xfaff }, { 0xfe10, 0xfe6f }, { 0xff00, 0xff60 },
	    { 0xffe0, 0xffe6 }, { 0x16fe0, 0x18cff }, { 0x1b000, 0x1b2ff },
	    { 0x1f000, 0x1faff }, { 0x20000, 0x3fffd } };

	return is_among(code, wide, sizeof(wide) / sizeof(wide[0]));
}

/* The character at the beginning of valid UTF-8, which is not empty. */
static struct glyph
glyph_at(const char *text)
{
	const unsigned char *bytes = (const unsigned char *)text;
	struct glyph glyph = { 1, 1 };
	uint32_t code = bytes[0];
	int i;

	if (code >= 0xf0)
		glyph.len = 4;
	else if (code >= 0xe0)
		glyph.len = 3;
	else if (code >= 0xc0)
		glyph.len = 2;
	if (glyph.len > 1)
		code &= 0x7fU >> glyph.len;
	for (i = 1; i < glyph.len; i++)
		code = code << 6 | (bytes[i] & 0x3fU);
	if (is_odd(code))
		glyph.width = -1;
	else if (is_wide(code))
		glyph.width = 2;
	return glyph;
}

static int
width_of(struct glyph glyph)
{
	return glyph.width < 0 ? 1 : glyph.width;
}

static int
measure(const char *text)
{
	struct glyph glyph;
	int width = 0;

	for (; *text != '\0' && width <= TABLE_WIDTH; text += glyph.len) {
		glyph = glyph_at(text);
		width += width_of(glyph);
	}
	return width;
}

static void
print_glyph(struct glyph glyph, const char *text)
{
	if (glyph.width < 0)
		(void)putchar('?');
	else
		(void)fwrite(text, 1, (size_t)glyph.len, stdout);
}

void
table_plain(char *text)
{
	const int is_utf8 = json_scan_is_utf8(text);
	struct glyph glyph = { 1, 1 };
	char *to = text;

	for (; *text != '\0'; text += glyph.len) {
		if (is_utf8)
			glyph = glyph_at(text);
		if (glyph.width < 0 || (!is_utf8 &&
		    (*text < ' ' || *text > '~'))) {
			*to++ = '?';
		} else {
			memmove(to, text, (size_t)glyph.len);
			to += glyph.len;
		}
	}
	*to = '\0';
}

void
table_inline(const char *text)
{
	struct glyph glyph;

	for (text = json_scan_is_utf8(text) ? text : "?"; *text != '\0';
	    text += glyph.len) {
		glyph = glyph_at(text);
		print_glyph(glyph, text);
	}
}

/* As much of it as `width` columns hold: how many it has. */
static int
print_cut(const char *text, int width)
{
	const int room = measure(text) > width ? width - DOTS : width;
	struct glyph glyph;
	int done = 0;

	for (; *text != '\0'; text += glyph.len) {
		glyph = glyph_at(text);
		if (done + width_of(glyph) > room)
			break;
		print_glyph(glyph, text);
		done += width_of(glyph);
	}
	if (*text == '\0')
		return done;
	(void)fputs("...", stdout);
	return done + DOTS;
}

void
table_row(const struct table_column *columns, size_t count,
    const char *const *cells)
{
	const char *text;
	size_t i;
	int done;

	for (i = 0; i < count; i++) {
		text = cells[i];
		if (text == NULL || text[0] == '\0')
			text = "-";
		if (!json_scan_is_utf8(text))
			text = "?";
		done = print_cut(text, columns[i].width);
		if (i + 1 < count)
			(void)printf("%*s", columns[i].width - done + 1, "");
	}
	(void)putchar('\n');
}

void
table_head(const struct table_column *columns, size_t count)
{
	size_t i;

	for (i = 0; i + 1 < count; i++)
		(void)printf("%-*s ", columns[i].width, columns[i].name);
	(void)printf("%s\n", columns[i].name);
}

void
table_line(int indent, const char *text)
{
	const struct table_column column = { "", TABLE_WIDTH - indent };

	(void)printf("%*s", indent, "");
	table_row(&column, 1, &text);
}

/* Bytes of the next line: as many words as fit, or a part of one. */
static size_t
line_of(const char *text, int width)
{
	const char *at = text, *blank = NULL;
	struct glyph glyph;
	int done = 0;

	for (; *at != '\0'; at += glyph.len) {
		glyph = glyph_at(at);
		if (done + width_of(glyph) > width)
			return (size_t)((blank != NULL ? blank : at) - text);
		if (*at == ' ' && at > text)
			blank = at;
		done += width_of(glyph);
	}
	return (size_t)(at - text);
}

void
table_wrap(int indent, const char *text)
{
	const int width = TABLE_WIDTH - indent;
	struct glyph glyph;
	size_t len, i;

	if (!json_scan_is_utf8(text))
		text = "?";
	do {
		len = line_of(text, width);
		for (i = 0; i < len; i += (size_t)glyph.len) {
			glyph = glyph_at(text + i);
			print_glyph(glyph, text + i);
		}
		text += len + strspn(text + len, " ");
		(void)putchar('\n');
		if (*text != '\0')
			(void)printf("%*s", indent, "");
	} while (*text != '\0');
}
