using System.Diagnostics;

namespace SelfAdapt.Tool.Studio;

/// <summary>The program's own verbs in processes of their own: what runs there outlives the studio.</summary>
internal static class ChildVerb
{
    /// <summary>Starts a verb.</summary>
    /// <param name="text">The file that takes what it prints.</param>
    /// <param name="ended">Told the exit code.</param>
    public static Process Start(IReadOnlyList<string> words, string text, Action<int> ended)
    {
        string program = Environment.ProcessPath!;
        string assembly = typeof(ChildVerb).Assembly.Location;
        bool hosted = Path.GetFileNameWithoutExtension(program).Equals("dotnet", StringComparison.OrdinalIgnoreCase);
        ProcessStartInfo start = new(program, [.. hosted ? ["exec", assembly] : (string[])[], .. words])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        Process process = new() { StartInfo = start, EnableRaisingEvents = true };
        Lock writing = new();
        StreamWriter writer = new(text, append: true) { AutoFlush = true };
        void Write(object? sender, DataReceivedEventArgs line)
        {
            lock (writing)
            {
                if (line.Data is not null)
                {
                    writer.WriteLine(line.Data);
                }
            }
        }

        process.OutputDataReceived += Write;
        process.ErrorDataReceived += Write;
        process.Start();
        process.StandardInput.Close();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        _ = EndAsync();
        return process;

        async Task EndAsync()
        {
            await process.WaitForExitAsync().ConfigureAwait(false);
            lock (writing)
            {
                writer.Dispose();
            }

            ended(process.ExitCode);
        }
    }

    /// <summary>Runs a verb that takes seconds.</summary>
    /// <exception cref="SelfAdaptException">It failed; the message is the verb's own.</exception>
    public static async Task RunAsync(IReadOnlyList<string> words, string text)
    {
        File.Delete(text);
        TaskCompletionSource<int> ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        using Process process = Start(words, text, ended.SetResult);
        if (await ended.Task.ConfigureAwait(false) is not (int)ExitCode.Ok)
        {
            throw new SelfAdaptException(
                ErrorKind.InvalidOption, (await File.ReadAllTextAsync(text).ConfigureAwait(false)).Trim());
        }
    }
}
