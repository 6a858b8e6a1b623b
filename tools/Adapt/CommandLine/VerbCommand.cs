using System.CommandLine;

namespace SelfAdapt.Tool.CommandLine;

/// <summary>A verb on the command line.</summary>
internal static class VerbCommand
{
    /// <param name="run">Does what was asked for, and gives the exit code.</param>
    /// <param name="options">Each adds some options, in the order of the help.</param>
    public static Command Of(
        string name, string description, Func<ParseResult, int> run, params ReadOnlySpan<Action<Command>> options)
    {
        Command command = new(name, description);
        foreach (Action<Command> add in options)
        {
            add(command);
        }

        command.SetAction(run);
        return command;
    }
}
