#ifndef EPOCH_PLACE_H_
#define EPOCH_PLACE_H_

/*
 * Where root's epoch page lies (face/epoch.h): STATE.epoch, whatever slashes
 * the path of the state directory ends with.
 * No state: any thread.
 */

#define EPOCH_PLACE_SIZE 4096
#define EPOCH_PLACE_MAX 3900	/* bytes of the state's path that count */

/* Into `folder`: the directory of the page. */
void epoch_place(const char *state, char folder[EPOCH_PLACE_SIZE]);

#endif /* !EPOCH_PLACE_H_ */
