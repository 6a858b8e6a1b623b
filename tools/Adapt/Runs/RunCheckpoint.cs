using SelfAdapt.Adaptation.Resuming;
using SelfAdapt.Files;
using SelfAdapt.Tool.Results;

namespace SelfAdapt.Tool.Runs;

/// <summary>A run's state in its output folder: there while the run is not over, gone once it is.</summary>
internal sealed class RunCheckpoint
{
    private readonly string _path;
    private readonly string _fingerprint;

    private RunCheckpoint(string path, string fingerprint) => (_path, _fingerprint) = (path, fingerprint);

    /// <summary>The state to go on from, and the bytes of the log that belong to it; null: from the beginning.</summary>
    public (RunState State, long LogLength)? From { get; private init; }

    /// <summary>Whether there is a state to go on from: found, or saved since.</summary>
    public bool IsSaved { get; private set; }

    /// <summary>The checkpoint of a job.</summary>
    /// <param name="job">What the run is started with.</param>
    /// <param name="resume">Whether to go on from the state in the folder.</param>
    /// <exception cref="SelfAdaptException">
    /// NoUsableInput: there is no state to go on from, or it is damaged. Usage: it is of a run that was started otherwise.
    /// </exception>
    public static RunCheckpoint Of(AdaptationJob job, bool resume)
    {
        string path = RunFolder.State(job.Out);
        string fingerprint = Fingerprint(job);
        if (!resume)
        {
            return new RunCheckpoint(path, fingerprint);
        }

        RunFolder.RequireState(job.Out);
        return new RunCheckpoint(path, fingerprint)
        {
            From = CheckpointFile.Read(path, job.Network, fingerprint),
            IsSaved = true,
        };
    }

    /// <summary>Saves a state.</summary>
    /// <param name="logLength">Bytes of the log that belong to it.</param>
    /// <exception cref="SelfAdaptException">OutputNotWritable: the folder is protected or full.</exception>
    public void Save(RunState state, long logLength)
    {
        CheckpointFile.Write(_path, state, _fingerprint, logLength);
        IsSaved = true;
    }

    /// <summary>Removes the file of a run that is over.</summary>
    /// <exception cref="SelfAdaptException">OutputNotWritable: the folder is protected.</exception>
    public void Remove() => OutputFile.Delete(_path);

    /// <summary>
    /// What decides a run's numbers: the model, the options, the images' names. How many threads there are does not.
    /// </summary>
    private static string Fingerprint(AdaptationJob job) => SealedFile.Fingerprint(
        job.Model.Sha256, job.Options, job.Segmentation with { Threads = 0 },
        job.Images.Select(i => i.Name), job.Labelled.Select(l => l.Name));
}
