-- Every report of a data-plane process is answered with the last revision that told of a move.
create index tenant_move_told on tenant_move (told_revision) where told_revision is not null;
