"""Dockerfiles at the language level of Docker 20.10, generated: (name, text, build options).

Every text is built beside the same context: a.txt, b.txt, dir/c.txt and "with blank.txt". `base:1` is a
busybox.
"""

BASE = "FROM base:1\n"


def environments():
    """ENV: forms, quotes, escapes, order."""
    lines = ["A=1", "A=1 B=2", "A=1 B=$A", "A one two", "A=", 'A=""', 'A="a b"', "A='a $B'", r"A=a\ b", r"A=\$B",
             'A="say \\"hi\\""', "A=a'b'c\"d\"", "PATH=/x:$PATH", "A=${B:-c}", "A=${PATH:+set}", "A=${B:+set}",
             "A=$B", "A=${PATH}x", "A=x$", "a.b=1", "A=é", "A=1 \\\n  B=2", "A=1 \\\n# comment\n  B=2",
             "A=1\nENV A=2 C=$A", "A=1\nENV B=$A A=2", "A=b=c", "A  spaced   out", "A=1 # no comment"]
    return [(f"env {i:02d}", BASE + "ENV " + line + "\n", ()) for i, line in enumerate(lines)]


def words():
    """Variables in the other instructions."""
    lines = ["ENV P=/srv\nWORKDIR $P/app", "WORKDIR /a\nWORKDIR b\nWORKDIR ../c", "WORKDIR /a/", "WORKDIR /a b",
             'WORKDIR "/q"', "ENV N=80\nEXPOSE $N/udp 81 82/tcp", "EXPOSE 8000-8002", "EXPOSE 80\nEXPOSE 80",
             "ENV U=me\nUSER $U:staff", "USER 1000", "VOLUME /data", 'VOLUME ["/a", "/b c"]', "VOLUME /a /b",
             "ENV V=/v\nVOLUME $V", "STOPSIGNAL SIGINT", "STOPSIGNAL 9", "ENV S=SIGTERM\nSTOPSIGNAL $S",
             'LABEL a=1 b="x y" c=$PATH', "LABEL a b c", "LABEL a=1\nLABEL a=2", 'LABEL "k e y"=v', "MAINTAINER me",
             "LABEL multi=a\\\nb"]
    return [(f"words {i:02d}", BASE + line + "\n", ()) for i, line in enumerate(lines)]


def arguments():
    """ARG: scopes, defaults, overrides."""
    option = ("--build-arg", "A=given")
    texts = [(BASE + "ARG A=1\nENV B=$A\n", ()), (BASE + "ARG A=1\nENV B=$A\n", option),
             (BASE + "ARG A\nENV B=x$A\n", option), (BASE + "ENV A=env\nARG A=1\nENV B=$A\n", option),
             ("ARG A=1\nFROM base:$A\nENV B=x$A\n", ()), ("ARG A=1\nFROM base:$A\nARG A\nENV B=x$A\n", ()),
             ("ARG N=base\nARG T=1\nFROM ${N}:${T}\n", ()), ("ARG N=nope\nFROM ${N}:1\n", ("--build-arg", "N=base")),
             (BASE + "ARG A=1\nFROM base:1\nENV B=x$A\n", ()),
             (BASE + "ARG TARGETARCH\nARG BUILDPLATFORM\nENV B=$TARGETARCH-$BUILDPLATFORM\n", ()),
             (BASE + 'ARG A="a b"\nENV B=$A\n', ()), (BASE + "ARG A=1\nRUN echo $A > /tmp/a\n", ()),
             (BASE + "ARG A=1\nARG B=2\nENV C=3\nRUN true\n", option),
             (BASE + 'ENV A=env\nARG A=1\nRUN [ "$A" = 1 ]\n', ()), (BASE + 'ARG A=1\nENV A=env\nRUN [ "$A" = env ]\n', ()),
             ('FROM base:1 AS x\nENV A=env\nFROM x\nARG A=1\nRUN [ "$A" = 1 ]\n', ())]
    return [(f"arg {i:02d}", text, options) for i, (text, options) in enumerate(texts)]


def commands():
    """CMD, ENTRYPOINT, SHELL, HEALTHCHECK, ONBUILD."""
    lines = ["CMD echo hi", 'CMD ["echo", "hi"]', "CMD ['echo']", 'CMD [ "a" , "b" ]', "CMD []", "CMD", 'CMD ["a",]',
             "CMD a\nCMD b", "ENTRYPOINT e", 'CMD c\nENTRYPOINT ["e"]', 'ENTRYPOINT ["e"]\nCMD ["c"]', "ENTRYPOINT []",
             'SHELL ["/bin/sh", "-ec"]\nCMD c\nRUN true', 'SHELL ["a"]\nENTRYPOINT e', "HEALTHCHECK NONE",
             "HEALTHCHECK CMD true", 'HEALTHCHECK --interval=5s --timeout=1m30s --retries=2 CMD ["a", "b"]',
             "HEALTHCHECK --start-period=500ms CMD a\nHEALTHCHECK NONE", "ONBUILD RUN echo $A", "ONBUILD COPY . /x",
             'ONBUILD CMD ["a"]\nONBUILD ENV A=1', "CMD echo $PATH  \\\n  and more", 'CMD ["\\u0041", "\\"q\\""]']
    return [(f"command {i:02d}", BASE + line + "\n", ()) for i, line in enumerate(lines)]


def steps():
    """Files, runs and stages: what makes a layer, in which order."""
    texts = [BASE + "COPY a.txt /\n", BASE + "COPY a.txt b.txt /x/\n", BASE + "COPY a.txt b.txt /x\n",
             BASE + "COPY dir /d\n", BASE + 'COPY ["with blank.txt", "/"]\n', BASE + "COPY *.txt /x/\n",
             BASE + "ADD a.txt /x\n", BASE + "COPY --chown=1:2 a.txt /\n", BASE + "WORKDIR /w\nCOPY a.txt .\n",
             BASE + "RUN echo hi > /f\n", BASE + 'RUN ["/bin/sh", "-c", "true"]\n', BASE + "RUN true \\\n  && true\n",
             BASE + "RUN true\nENV A=1\nRUN true\nCOPY a.txt /\n", "FROM scratch\nCOPY a.txt /\n", "FROM scratch\n",
             "FROM base:1 AS one\nRUN true\nFROM base:1\nCOPY --from=one /bin/sh /x\n",
             "FROM base:1 AS one\nENV A=1\nWORKDIR /w\nFROM one\nENV B=$A\n",
             "FROM base:1 AS unused\nRUN false\nFROM base:1\nENV A=1\n",
             "FROM base:1 AS One\nFROM scratch\nCOPY --from=oNE /bin/sh /\n",
             "FROM base:1\nFROM scratch\nCOPY --from=0 /bin/sh /\n", "FROM scratch\nCOPY --from=base:1 /bin/sh /\n",
             BASE + "RUN --mount=type=tmpfs,target=/t touch /t/x\n", "# escape=`\nFROM base:1\nENV A=b `\n  C=d\n",
             "FROM base:1\r\nENV A=1\r\nCMD a\r\n", "\n\n  # note\n  FROM base:1\n\tENV A=1\n",
             "from base:1\nenv A=1\ncmd a\n", BASE + "ADD dir/c.txt dir /x/\n", "# syntax-like = no\nFROM base:1\n"]
    return [(f"steps {i:02d}", text, ()) for i, text in enumerate(texts)]


def refusals():
    """What both must refuse."""
    texts = ["", "# only a comment\n", "RUN true\n", "FROM\n", "FROM base:1 AS\n", "FROM base 1\n", "FROM base:1 AS 1x\n",
             "FROM Base:1\n", "ARG A=1\n", "FROM $NOTHING\n", BASE + "RUM true\n", BASE + "COPY a.txt\n", BASE + "ENV A\n",
             BASE + "ENV =1\n", BASE + "ENV A=1 B\n", BASE + "LABEL a\n", BASE + "EXPOSE x\n", BASE + "EXPOSE 80/x\n",
             BASE + "EXPOSE 99999\n", BASE + "USER\n", BASE + "WORKDIR\n", BASE + "STOPSIGNAL NOPE\n",
             BASE + "HEALTHCHECK a\n", BASE + "HEALTHCHECK --interval=5 CMD a\n", BASE + "HEALTHCHECK\n",
             BASE + "SHELL /bin/sh\n", BASE + "CMD [1]\n", BASE + "ONBUILD FROM base:1\n", BASE + "ONBUILD ONBUILD RUN a\n",
             BASE + "COPY nope /\n", BASE + "COPY --nope=1 a.txt /\n", BASE + "COPY --from=$A a /\n",
             BASE + "ENV A=${B\n", BASE + 'ENV A="b\n', BASE + "ENV A=${B:?no}\n", BASE + "ARG\n", BASE + "VOLUME\n",
             "FROM base:1 AS a\nCOPY --from=a /x /\n", "FROM base:1 AS a\nCOPY --from=b /x /\nFROM base:1 AS b\nFROM a\n",
             "# escape=x\nFROM base:1\n", BASE + "RUN false\n", BASE + "RUN --mount=type=nope,target=/x true\n",
             BASE + "ADD http:// /x\n", BASE + "COPY http://a/b /x\n", BASE + "MAINTAINER\n", BASE + "ENTRYPOINT\n"]
    return [(f"refusal {i:02d}", text, ()) for i, text in enumerate(texts)]


def table():
    """All of them."""
    return environments() + words() + arguments() + commands() + steps() + refusals()
