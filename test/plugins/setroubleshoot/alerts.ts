// Events about SELinux, as the kernel writes them.

export function avcRecord(serial: number, words = 'comm="nginx"'): string {
  return (
    `type=AVC msg=audit(1700000000.123:${serial}): avc:  denied  { read } for  pid=812 ${words} name="index.html"` +
    ` dev="vda1" ino=4711 scontext=system_u:system_r:httpd_t:s0 tcontext=unconfined_u:object_r:user_home_t:s0` +
    ` tclass=file permissive=0`
  )
}

export function syscallRecord(serial: number): string {
  return (
    `type=SYSCALL msg=audit(1700000000.123:${serial}): arch=c000003e syscall=257 success=no exit=-13 a0=ffffff9c a1=1` +
    ` a2=0 a3=0 items=1 ppid=1 pid=812 auid=4294967295 uid=33 comm="nginx" exe="/usr/sbin/nginx"` +
    ` subj=system_u:system_r:httpd_t:s0 key=(null)`
  )
}

export function pathRecord(serial: number): string {
  return `type=PATH msg=audit(1700000000.123:${serial}): item=0 name="/home/u/index.html" inode=4711 nametype=NORMAL`
}

export function proctitleRecord(serial: number): string {
  return `type=PROCTITLE msg=audit(1700000000.123:${serial}): proctitle="nginx"`
}

export function selinuxErrRecord(serial: number): string {
  return (
    `type=SELINUX_ERR msg=audit(1700000000.123:${serial}): op=security_compute_sid invalid_context=` +
    `"system_u:system_r:bad_t:s0" scontext=a:b:c_t:s0 tcontext=a:b:d_t:s0 tclass=process`
  )
}

/** An event as the kernel writes it. */
export function avcEvent(serial: number, words?: string): string[] {
  return [avcRecord(serial, words), syscallRecord(serial), pathRecord(serial), proctitleRecord(serial)]
}
