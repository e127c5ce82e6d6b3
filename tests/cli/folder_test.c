// Files under names that a dump makes up: all of them end below the folder.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "folder.h"

static char top[64], inside[80], outside[80];
static int folder;

static int setup(void **state) {
  (void)state;
  strcpy(top, "/tmp/kernlens-folder-XXXXXX");
  assert_non_null(mkdtemp(top));
  snprintf(inside, sizeof inside, "%s/inside", top);
  snprintf(outside, sizeof outside, "%s/outside", top);
  assert_int_equal(mkdir(inside, 0700), 0);
  assert_int_equal(mkdir(outside, 0700), 0);
  folder = open(inside, O_PATH | O_DIRECTORY);
  assert_true(folder >= 0);
  return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at) {
  (void)st;
  (void)type;
  (void)at;
  return remove(path);
}
static int teardown(void **state) {
  (void)state;
  close(folder);
  // Nothing came about outside.
  assert_int_equal(rmdir(outside), 0);
  return nftw(top, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void expect(const char *path, size_t n, const char *wanted) {
  char made[CLI_FOLDER_PATH], whole[CLI_FOLDER_PATH + 100];
  int fd = cli_folder_create(folder, (const uint8_t *)path, n, made);
  struct stat there, here;
  assert_true(fd >= 0);
  assert_string_equal(made, wanted);
  snprintf(whole, sizeof whole, "%s/%s", inside, made);
  assert_int_equal(fstat(fd, &here), 0);
  assert_int_equal(lstat(whole, &there), 0);
  assert_true(S_ISREG(there.st_mode) && there.st_ino == here.st_ino);
  close(fd);
}
#define EXPECT(path, wanted) expect(path, sizeof path - 1, wanted)

static void names_are_kept_where_they_may(void **state) {
  (void)state;
  EXPECT("/etc/passwd", "etc/passwd");
  EXPECT("//usr//lib/x (deleted)", "usr/lib/x (deleted)");
  EXPECT("\xe6\x97\xa5\xe6\x9c\xac", "\xe6\x97\xa5\xe6\x9c\xac");
  EXPECT("...", "...");
}

static void no_name_leads_up(void **state) {
  (void)state;
  EXPECT("../outside/x", "__/outside/x");
  EXPECT("/../../../../../../outside/y", "__/__/__/__/__/__/outside/y");
  EXPECT("a/./b", "a/_/b");
  EXPECT("..", "__~1");
  EXPECT("", "_");
  EXPECT("b/", "b/_");
}

static void bytes_that_act_become_underscores(void **state) {
  (void)state;
  EXPECT("a\nb\x1b[2J\x7f", "a_b_[2J_");
  EXPECT("x\0y", "x_y");
  EXPECT("\xff\xfe", "__");
  EXPECT("\xe2\x80\xae"
         "txt",
         "_txt"); // right to left
  EXPECT("..\\..\\outside", ".._.._outside");
}

static void what_is_there_gets_company_with_a_number(void **state) {
  (void)state;
  EXPECT("a/b", "a/b");
  EXPECT("a/b", "a/b~1");
  EXPECT("a/b", "a/b~2");
  EXPECT("a/b/c", "a/b~3/c"); // a file where a folder should be
  EXPECT("a/b/d", "a/b~3/d");
  EXPECT("a", "a~1");
}

static void links_are_not_followed(void **state) {
  (void)state;
  assert_int_equal(symlinkat(outside, folder, "link"), 0);
  char target[128];
  snprintf(target, sizeof target, "%s/file", outside);
  assert_int_equal(symlinkat(target, folder, "dangling"), 0);
  EXPECT("link/x", "link~1/x");
  EXPECT("link", "link~2");
  EXPECT("dangling", "dangling~1");
}

static void long_and_deep_names_fit(void **state) {
  (void)state;
  static char path[20000], made[CLI_FOLDER_PATH];
  memset(path, 'n', 4096);
  int fd = cli_folder_create(folder, (const uint8_t *)path, 4096, made);
  assert_true(fd >= 0);
  assert_int_equal(strlen(made), 200);
  close(fd);
  for (size_t i = 0; i < sizeof path; i += 2)
    memcpy(path + i, "d/", 2);
  path[sizeof path - 1] = 'f';
  fd = cli_folder_create(folder, (const uint8_t *)path, sizeof path, made);
  assert_true(fd >= 0);
  assert_int_equal(strlen(made), 2 * 48 + 2);
  assert_string_equal(made + 2 * 48, "df");
  close(fd);
  memset(path, '/', sizeof path);
  expect(path, sizeof path, "_");
  for (size_t i = 0; i < sizeof path; i += 200) { // long and deep
    memset(path + i, 'x', 199);
    path[i + 199] = '/';
  }
  fd = cli_folder_create(folder, (const uint8_t *)path, sizeof path - 1, made);
  assert_true(fd >= 0);
  assert_true(strlen(made) < CLI_FOLDER_PATH);
  close(fd);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
  const struct CMUnitTest tests[] = {
      TEST(names_are_kept_where_they_may),
      TEST(no_name_leads_up),
      TEST(bytes_that_act_become_underscores),
      TEST(what_is_there_gets_company_with_a_number),
      TEST(links_are_not_followed),
      TEST(long_and_deep_names_fit),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
