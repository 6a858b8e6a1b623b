namespace SelfAdapt.Engine.Autodiff;

/// <summary>
/// The tensors of a <see cref="MemoryPlan"/> in one block of memory. It knows whose bytes another tensor has used
/// since, and has the backend prepare those before a new value is written there.
/// </summary>
internal sealed class SharedTensors(Backend backend, IReadOnlyList<TensorPlace> places) : IDisposable
{
    private readonly TensorBlock _block = backend.CreateTensors(places);
    private readonly bool[] _used = new bool[places.Count];
    private readonly int[][] _overlapping = [.. places.Select((place, i) => Enumerable.Range(0, places.Count)
        .Where(j => j != i && place.Offset < places[j].End && places[j].Offset < place.End).ToArray())];

    public long Bytes => _block.Bytes;

    public DeviceTensor this[int index] => _block.Tensors[index];

    /// <summary>A tensor, to write a new value to; what shared its bytes is lost.</summary>
    public DeviceTensor Begin(int index)
    {
        DeviceTensor tensor = _block.Tensors[index];
        if (_used[index])
        {
            backend.Prepare(tensor);
            _used[index] = false;
        }

        foreach (int other in _overlapping[index])
        {
            _used[other] = true;
        }

        return tensor;
    }

    public void Dispose() => _block.Dispose();
}
