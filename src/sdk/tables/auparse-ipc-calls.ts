// Made by scripts/generate-interpretations.mjs by asking libauparse 3.0.9 of Debian 12. Not to be edited.

/** Calls behind ipc. */
export const IPC_CALLS = `
1 semop semget semctl semtimedop 11 msgsnd msgrcv msgget msgctl 21 shmat shmdt shmget shmctl
`
