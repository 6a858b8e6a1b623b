namespace SelfAdapt.Adaptation.Resuming;

/// <summary>Where a training saves itself, and from where it goes on.</summary>
internal sealed class TrainingCheckpoint
{
    private static readonly byte[] Letters = [.. "SAdTrai1"u8];

    private readonly string _path;
    private readonly string _fingerprint;

    private TrainingCheckpoint(string path, string fingerprint) => (_path, _fingerprint) = (path, fingerprint);

    /// <summary>Bytes of the log that belong to the state that is gone on from; null: the training begins.</summary>
    public long? ResumedLog { get; private init; }

    /// <summary>Bytes of the log so far.</summary>
    public Func<long> LogLength { get; set; } = () => 0;

    /// <summary>The state that a training will save.</summary>
    /// <param name="fingerprint">What the training is started with; only one started with the same can go on from it.</param>
    public static TrainingCheckpoint Begin(string path, string fingerprint) => new(path, fingerprint);

    /// <summary>A state to go on from.</summary>
    /// <exception cref="SelfAdaptException">UnreadableInput: it can't be read. OtherRun: it is of another training.</exception>
    public static TrainingCheckpoint Resume(string path, string fingerprint) =>
        SealedFile.Read<Header, TrainingCheckpoint>(path, Letters, (header, stream, length) =>
        {
            SealedFile.RequireSameRun(path, header.Fingerprint, fingerprint);
            stream.Seek(length, SeekOrigin.Current);
            return new(path, fingerprint) { ResumedLog = header.LogLength };
        });

    /// <param name="state">All that steps hand on to each other, in an order that stays.</param>
    public void Save(int step, double seconds, Action<StateExchange> state) => SealedFile.Write(
        _path, Letters, new Header(_fingerprint, LogLength(), step, seconds), stream => state(new(stream, restores: false)));

    /// <returns>The last step that was made, and the seconds it took to get there.</returns>
    public (int Step, double Seconds) Restore(Action<StateExchange> state) =>
        SealedFile.Read<Header, (int, double)>(_path, Letters, (header, stream, _) =>
        {
            state(new(stream, restores: true));
            return (header.Step, header.Seconds);
        });

    private sealed record Header(string Fingerprint, long LogLength, int Step, double Seconds);
}
