using System.Diagnostics;
using System.Text.Json;

namespace SelfAdapt.Benchmarks;

/// <summary>Cellpose in a process of its own, which runs a round when told to and sleeps otherwise.</summary>
internal sealed class CellposePeer : IDisposable
{
    private readonly Process _process;

    /// <summary>Starts it and waits until it has warmed up.</summary>
    /// <param name="command">The interpreter and peers/cellpose_masks.py, separated by a blank.</param>
    /// <param name="field">The .npy file with flows and logits.</param>
    /// <param name="threads">Threads that it may use.</param>
    public CellposePeer(string command, string field, int threads)
    {
        string[] words = command.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        ProcessStartInfo start = new(words[0], [.. words.Skip(1), field, $"{threads}"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        foreach (string variable in (string[])["OMP_NUM_THREADS", "NUMBA_NUM_THREADS"])
        {
            start.Environment[variable] = $"{threads}";
        }

        _process = Process.Start(start)!;
        Name = Answer();
    }

    /// <summary>Versions, as it tells them.</summary>
    public string Name { get; }

    /// <summary>Runs one round.</summary>
    /// <returns>Milliseconds by stage, and "ms" for the whole.</returns>
    public Dictionary<string, double> Round() =>
        JsonSerializer.Deserialize<Dictionary<string, double>>(Ask("round"))!;

    /// <summary>Has it write the last masks.</summary>
    /// <param name="path">The .npy file to write.</param>
    public void Save(string path) => Ask($"save {path}");

    /// <inheritdoc/>
    public void Dispose()
    {
        _process.StandardInput.Close();
        _process.WaitForExit();
        _process.Dispose();
    }

    private string Ask(string line)
    {
        _process.StandardInput.WriteLine(line);
        _process.StandardInput.Flush();
        return Answer();
    }

    private string Answer() =>
        _process.StandardOutput.ReadLine() ?? throw new IOException("The peer ended; see its message above.");
}
