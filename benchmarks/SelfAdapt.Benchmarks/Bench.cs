namespace SelfAdapt.Benchmarks;

/// <summary>What every table gets.</summary>
/// <param name="Settings">The command line.</param>
/// <param name="Report">Where tables go.</param>
/// <param name="Torch">The peer, or null where it is missing.</param>
/// <param name="LibTorch">The second peer, or null.</param>
internal sealed record Bench(Settings Settings, Report Report, TorchPeer? Torch, TorchPeer? LibTorch = null) : IDisposable
{
    private string? _checkpoint;

    /// <summary>A checkpoint file of the full-size network, for both sides.</summary>
    public string CheckpointFile
    {
        get
        {
            if (_checkpoint is null)
            {
                _checkpoint = Path.GetTempFileName();
                File.WriteAllBytes(_checkpoint, CellposeShapes.Checkpoint().ToArray());
            }

            return _checkpoint;
        }
    }

    /// <summary>How many threads, in words.</summary>
    public static string Threads(int threads) => threads == 1 ? "1 thread" : $"{threads} threads";

    /// <inheritdoc/>
    public void Dispose()
    {
        Torch?.Dispose();
        LibTorch?.Dispose();
        if (_checkpoint is not null)
        {
            File.Delete(_checkpoint);
        }
    }
}
