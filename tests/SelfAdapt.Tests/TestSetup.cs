[assembly: DiscoverInternals]
[assembly: Parallelize(Scope = ExecutionScope.ClassLevel)]
