using System.Text.Json.Nodes;

namespace SelfAdapt.Benchmarks;

/// <summary>One case in the peer, in both of torch's memory formats; the faster one counts.</summary>
internal sealed class PeerCase : IDisposable
{
    private const int SelectionRounds = 3;
    private static readonly string[] Formats = ["default", "channels_last"];

    // A peer holds several cases of a kind at a time: each has a name of its own.
    private static int s_made;

    private readonly TorchPeer _peer;
    private readonly string[] _names;

    /// <summary>Prepares it.</summary>
    /// <param name="peer">The peer.</param>
    /// <param name="kind">Kind of case.</param>
    /// <param name="arguments">What it takes.</param>
    private PeerCase(TorchPeer peer, string kind, JsonObject arguments)
    {
        _peer = peer;
        _names = [.. Formats.Select(f => $"{kind} {f} {s_made}")];
        s_made++;
        for (int i = 0; i < Formats.Length; i++)
        {
            peer.Make(_names[i], kind, Formats[i], arguments);
        }
    }

    /// <summary>Prepares it where the peer is there.</summary>
    public static PeerCase? Of(TorchPeer? peer, string kind, JsonObject arguments) =>
        peer is null ? null : new PeerCase(peer, kind, arguments);

    /// <summary>The format that the last <see cref="Fastest"/> chose.</summary>
    public string Format { get; private set; } = "";

    /// <summary>
    /// Runs both formats three times in turn, also as a warm-up, and makes a contestant of the one with the
    /// shortest run.
    /// </summary>
    /// <param name="part">Part of the case.</param>
    /// <param name="threads">Threads.</param>
    public Func<double> Fastest(string part, int threads)
    {
        Rounds trial = Stopwatches.Alternate(
            SelectionRounds, [.. _names.Select(n => (Func<double>)(() => _peer.Run(n, part, threads, 1)))]);
        int best = trial.Best(0) <= trial.Best(1) ? 0 : 1;
        Format = Formats[best];
        int repeats = Stopwatches.Repeats(trial.Best(best));
        return () => _peer.Run(_names[best], part, threads, repeats);
    }

    /// <summary>Runs the default format once and fetches the result, to compare it with ours.</summary>
    /// <param name="part">Part of the case.</param>
    /// <param name="threads">Threads.</param>
    public float[] Result(string part, int threads)
    {
        _peer.Run(_names[0], part, threads, 1);
        return _peer.Result(_names[0]);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (string name in _names)
        {
            _peer.Drop(name);
        }
    }
}
