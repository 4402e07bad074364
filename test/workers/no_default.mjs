// A module without a default export. Not a test itself.
export const nothing = 1;
