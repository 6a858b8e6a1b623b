using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;

namespace SelfAdapt.Benchmarks;

/// <summary>PyTorch in a child process that waits for a line of JSON and answers with one.</summary>
internal sealed class TorchPeer : IDisposable
{
    private static readonly string Script = Path.Combine(AppContext.BaseDirectory, "peers", "torch_peer.py");

    private readonly Process _process;
    private readonly string[] _command;

    private TorchPeer(string[] command, bool passive)
    {
        ProcessStartInfo start = new(command[0], command[1..])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        start.Environment["KMP_BLOCKTIME"] = "1";

        // Memory stays the process's between steps: fresh pages are slow on virtual machines, and torch gives its back.
        start.Environment["MALLOC_MMAP_THRESHOLD_"] = "8000000000";
        start.Environment["MALLOC_TRIM_THRESHOLD_"] = "100000000000";
        if (passive)
        {
            start.Environment["OMP_WAIT_POLICY"] = "PASSIVE";
        }

        _process = Process.Start(start) ?? throw new PeerException($"{command[0]} did not start.");
        (IsPassive, _command) = (passive, command);
        try
        {
            JsonNode hello = Ask(new JsonObject { ["do"] = "hello" });
            (Version, BaselineKilobytes) = ((string)hello["torch"]!, (long)hello["now"]!);
            Gpu = (string?)hello["cuda"];
        }
        catch (PeerException)
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Version of torch.</summary>
    public string Version { get; }

    /// <summary>The GPU that it finds, or null.</summary>
    public string? Gpu { get; }

    /// <summary>Most memory that its tensors took on the GPU since the last case was made, kB.</summary>
    public long GpuPeakKilobytes => (long)Ask(new JsonObject { ["do"] = "memory" })["cuda_peak"]!;

    /// <summary>True where its idle threads sleep at once (OMP_WAIT_POLICY=PASSIVE).</summary>
    public bool IsPassive { get; }

    /// <summary>Memory in use once its libraries were loaded, kB.</summary>
    public long BaselineKilobytes { get; }

    /// <summary>Most memory in use so far, kB.</summary>
    public long PeakKilobytes => (long)Ask(new JsonObject { ["do"] = "memory" })["peak"]!;

    /// <summary>Starts it twice, with threads that sleep at once and with the default, and keeps the faster.</summary>
    /// <param name="command">A program that answers as torch_peer.py does, and its arguments.</param>
    /// <param name="threads">Threads of the trial.</param>
    /// <param name="note">What was started, or why nothing was.</param>
    public static TorchPeer? TryStart(string[] command, int threads, out string note)
    {
        TorchPeer? passive = null;
        TorchPeer? standard = null;
        try
        {
            passive = new TorchPeer(command, true);
            standard = new TorchPeer(command, false);
            double[] trials = Trial(passive, standard, threads);
            (TorchPeer kept, TorchPeer other) = trials[0] <= trials[1] ? (passive, standard) : (standard, passive);
            other.Dispose();
            note = FormattableString.Invariant(
                $"torch {kept.Version}, OMP_WAIT_POLICY {(kept.IsPassive ? "PASSIVE" : "default")} (a quick case ")
                + FormattableString.Invariant(
                    $"took {trials[0]:f2} ms with PASSIVE, {trials[1]:f2} ms without; the faster is used)");
            return kept;
        }
        catch (Exception e) when (e is PeerException or IOException or System.ComponentModel.Win32Exception)
        {
            passive?.Dispose();
            standard?.Dispose();
            note = $"not measured: {e.Message}";
            return null;
        }
    }

    /// <summary>Starts it for cases on a GPU.</summary>
    /// <param name="settings">The interpreter.</param>
    /// <param name="note">What was started, or why nothing was.</param>
    public static TorchPeer? TryStartOnGpu(Settings settings, out string note)
    {
        try
        {
            TorchPeer peer = new(Python(settings.Python), false);
            if (peer.Gpu is not null)
            {
                note = $"torch {peer.Version} on {peer.Gpu}, cudnn.benchmark on";
                return peer;
            }

            note = $"not measured: torch {peer.Version} of {settings.Python} finds no GPU";
            peer.Dispose();
        }
        catch (Exception e) when (e is PeerException or IOException or System.ComponentModel.Win32Exception)
        {
            note = $"not measured: {e.Message}";
        }

        return null;
    }

    /// <summary>Another one like this, that has done nothing yet.</summary>
    public TorchPeer StartAnother() => new(_command, IsPassive);

    /// <summary>The command of torch in an interpreter.</summary>
    public static string[] Python(string interpreter) => [interpreter, "-W", "ignore", "-B", Script];

    /// <summary>Prepares a case.</summary>
    /// <param name="name">Its name from now on.</param>
    /// <param name="kind">convolution, forward, step or iteration.</param>
    /// <param name="format">default or channels_last.</param>
    /// <param name="arguments">What it takes.</param>
    public void Make(string name, string kind, string format, JsonObject arguments) => Ask(new JsonObject
    {
        ["do"] = "make",
        ["name"] = name,
        ["kind"] = kind,
        ["format"] = format,
        ["arguments"] = arguments.DeepClone(),
    });

    /// <summary>Runs a case.</summary>
    /// <returns>Milliseconds per call.</returns>
    public double Run(string name, string part, int threads, int repeat) => (double)Ask(new JsonObject
    {
        ["do"] = "run",
        ["name"] = name,
        ["part"] = part,
        ["threads"] = threads,
        ["repeat"] = repeat,
    })["ms"]!;

    /// <summary>The result of a case's last run.</summary>
    /// <param name="name">The case.</param>
    public float[] Result(string name)
    {
        string path = Path.GetTempFileName();
        try
        {
            Ask(new JsonObject { ["do"] = "save", ["name"] = name, ["path"] = path });
            return MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(path)).ToArray();
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <summary>Forgets a case.</summary>
    public void Drop(string name) => Ask(new JsonObject { ["do"] = "drop", ["name"] = name });

    /// <inheritdoc/>
    public void Dispose()
    {
        try
        {
            _process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It is gone already.
        }

        if (!_process.WaitForExit(5000))
        {
            _process.Kill();
        }

        _process.Dispose();
    }

    private static double[] Trial(TorchPeer passive, TorchPeer standard, int threads)
    {
        const string Name = "trial";
        TorchPeer[] peers = [passive, standard];
        foreach (TorchPeer peer in peers)
        {
            peer.Make(Name, "convolution", "channels_last", new JsonObject
            {
                ["batch"] = 2,
                ["inputs"] = 32,
                ["outputs"] = 32,
                ["kernel"] = 3,
                ["size"] = 112,
            });
            peer.Run(Name, "forward", threads, 5);
        }

        Rounds rounds = Stopwatches.Alternate(
            7, [.. peers.Select(p => (Func<double>)(() => p.Run(Name, "forward", threads, 20)))]);
        foreach (TorchPeer peer in peers)
        {
            peer.Drop(Name);
        }

        return [rounds.Median(0), rounds.Median(1)];
    }

    private JsonNode Ask(JsonObject request)
    {
        string? line;
        try
        {
            _process.StandardInput.WriteLine(request.ToJsonString());
            _process.StandardInput.Flush();
            line = _process.StandardOutput.ReadLine();
        }
        catch (IOException e)
        {
            throw new PeerException($"the torch process is gone: {e.Message}");
        }

        JsonNode reply = JsonNode.Parse(line ?? throw new PeerException("the torch process ended."))!;
        return reply["error"] is { } error ? throw new PeerException((string)error!) : reply;
    }
}

/// <summary>The peer failed; the tables go on without it.</summary>
/// <param name="message">What it said.</param>
internal sealed class PeerException(string message) : Exception(message);
