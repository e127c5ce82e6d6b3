/* Processes whose name, arguments or environment are not what one likes to print. */
#include "workload.h"

static char *const plain_environment[] = {"HOME=/", "PATH=/bin", NULL};

struct odd {
  const char *label;
  const char *path; /* the sleeper is copied here; its last part becomes the comm */
  char *const *arguments;
  char *const *environment;
};

static char *const spaces[] = {"two words", "", " ", "trailing ", "", NULL};
static char *const controls[] = {"line\nbreak",
                                 "tab\tand\rreturn",
                                 "\x1b[31mred\x1b[0m",
                                 "\x7f",
                                 "\xc2\x9b"
                                 "31m",
                                 NULL};
static char *const utf8[] = {"\xc3\xa9t\xc3\xa9", "\xe6\x97\xa5\xe6\x9c\xac", "\xf0\x9f\x90\xa7",
                             "\xe2\x80\xae"
                             "override",
                             NULL};
static char *const invalid[] = {"\xff\xfe\xfd", "cut\xe2\x82", "\xc0\xaf", "\xed\xa0\x80", "\\x41", NULL};
static char *const nothing[] = {"", NULL};
static char *const one[] = {"plain", NULL};

static char *const odd_environment[] = {
    "PLAIN=value",  "EMPTY=",         "=no name",     "no equals sign",    "TWICE=1", "TWICE=2",
    "EQUALS=a=b=c", "LINES=one\ntwo", "BAD=\xff\xfe", "UTF8=\xe6\x97\xa5", "",        "SPACE D=x",
    NULL,
};
static char *const empty_environment[] = {NULL};

/* 300 variables of growing length: about 180 KB, with values over page boundaries. */
enum { MANY = 300 };
static char *large_environment[MANY + 1];

static void make_large_environment(void) {
  for (int at = 0; at < MANY; at++) {
    size_t length = 4 * (size_t)at;
    char *text = malloc(length + 32);
    int head = sprintf(text, "LARGE_%03d=", at);
    memset(text + head, 'a' + at % 26, length);
    text[(size_t)head + length] = '\0';
    large_environment[at] = text;
  }
}

/* 2000 arguments, so that the command line is longer than several pages. */
enum { ARGUMENTS = 2000 };
static char *many_arguments[ARGUMENTS + 1];

static void make_many_arguments(void) {
  for (int at = 0; at < ARGUMENTS; at++)
    must(asprintf(&many_arguments[at], "argument-%d", at), "asprintf");
}

static const struct odd odds[] = {
    {"spaces", "/tmp/odd/name with spaces", spaces, odd_environment},
    {"parentheses", "/tmp/odd/a) R 1 (b", one, plain_environment},
    {"newline", "/tmp/odd/new\nline", controls, plain_environment},
    {"utf8", "/tmp/odd/\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe6\x97\xa5\xe6\x9c\xac", utf8, plain_environment},
    {"invalid", "/tmp/odd/\xff\xfe-invalid", invalid, odd_environment},
    {"nothing", "/tmp/odd/nothing", nothing, empty_environment},
    {"large", "/tmp/odd/large", one, large_environment},
    {"many", "/tmp/odd/many", many_arguments, plain_environment},
};

static void run_odd(int pipe, const void *argument) {
  const struct odd *odd = argument;
  become_sleeper(pipe, odd->path, odd->arguments, odd->environment);
}

/* A daemon that writes a title over its arguments, as sendmail does, into the environment. */
static void retitle(int pipe, const void *argument) {
  char **arguments = (char **)(uintptr_t)argument;
  size_t room = strlen(arguments[0]);
  memset(arguments[0], 'T', room + 1); /* the final zero goes too: the kernel notices */
  ready(pipe);
  sleep_for_ever();
}

static void rename_itself(int pipe, const void *name) {
  must(prctl(PR_SET_NAME, name), "PR_SET_NAME");
  ready(pipe);
  sleep_for_ever();
}

int main(int count, char **arguments) {
  (void)count;
  make_large_environment();
  make_many_arguments();
  must(mkdir("/tmp/odd", 0755), "/tmp/odd");
  for (size_t at = 0; at < sizeof odds / sizeof odds[0]; at++) {
    copy_file(SLEEPER, odds[at].path, 0755);
    fact("odd", "{\"fact\": \"odd\", \"label\": \"%s\", \"pid\": %d}", odds[at].label, spawn(run_odd, &odds[at]));
  }
  fact("odd", "{\"fact\": \"odd\", \"label\": \"renamed\", \"pid\": %d}", spawn(rename_itself, "renamed by prctl"));
  fact("odd", "{\"fact\": \"odd\", \"label\": \"retitled\", \"pid\": %d}", spawn(retitle, arguments));
  settled("odd");
  sleep_for_ever();
}
