/** How long something can be kept in the trash at most, in seconds: Ceph's times go as far as 2106. */
export const MOST_TRASH_SECONDS = 2 ** 30;
