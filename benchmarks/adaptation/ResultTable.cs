namespace SelfAdapt.Study;

/// <summary>A CSV file of finished runs; a run's rows are written at once, so what is there is whole.</summary>
internal sealed class ResultTable
{
    private readonly string _path;
    private readonly HashSet<string> _done = [];

    /// <summary>Opens the file, or begins it.</summary>
    public ResultTable(string path, string header = StudyRun.Header)
    {
        _path = path;
        if (File.Exists(path))
        {
            foreach (string line in File.ReadLines(path).Skip(1))
            {
                _done.Add(string.Join(',', line.Split(',').Take(4)));
            }
        }
        else
        {
            File.WriteAllText(path, header + "\n");
        }
    }

    /// <summary>True for a run whose rows are there.</summary>
    public bool Has(StudyRun run) => _done.Contains(run.Key);

    /// <summary>Adds a run's rows.</summary>
    public void Add(StudyRun run, string rows)
    {
        lock (_done)
        {
            File.AppendAllText(_path, rows);
            _done.Add(run.Key);
        }
    }
}
