namespace SelfAdapt.Engine;

/// <summary>
/// Brings batches to a backend, each while the one before is still worked on: two vectors in turn, so that no batch is
/// written over what is in use.
/// </summary>
internal sealed class BatchFeed(Backend backend, int length) : IDisposable
{
    private readonly DeviceVector[] _vectors = [backend.CreateVector(length), backend.CreateVector(length)];
    private int _sent;
    private int _taken;

    /// <summary>Sends a batch, which may change as soon as this returns. It does not wait for the device.</summary>
    public void Send(ReadOnlySpan<float> batch)
    {
        if (_sent != _taken)
        {
            throw new InvalidOperationException("The batch sent before has not been taken.");
        }

        _vectors[_sent++ & 1].UploadBeside(batch);
    }

    /// <summary>The batch that was sent; what is queued from now on may read it, and the one before no more.</summary>
    public DeviceVector Take()
    {
        if (_sent == _taken)
        {
            throw new InvalidOperationException("No batch was sent.");
        }

        _vectors[~_taken & 1].Release();
        DeviceVector batch = _vectors[_taken++ & 1];
        batch.Await();
        return batch;
    }

    public void Dispose() => Array.ForEach(_vectors, v => v.Dispose());
}
